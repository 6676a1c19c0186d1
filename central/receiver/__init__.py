"""From the broker into the database: nothing is acknowledged before it is committed."""

from central.receiver.link import Address
from central.receiver.supervisor import Health, Receiver, own_client_id
from central.receiver.worker import Tools

__all__ = ["Address", "Health", "Receiver", "Tools", "own_client_id"]
