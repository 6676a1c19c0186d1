"""The real parts of delivery as processes that can be broken: boxes without cameras, broker,
central, databases, links; and the invariant that must hold after whatever was done to them."""
