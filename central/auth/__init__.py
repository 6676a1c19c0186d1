"""Who is it, and may they: accounts, sessions, tokens, and the guard before every route."""

from central.auth.accounts import (
    SetupRefused,
    add_user,
    complete_setup,
    ensure_demo_user,
    list_users,
    open_setup_link,
    set_disabled,
    set_password,
    setup_is_open,
    sign_out_everywhere,
)
from central.auth.guard import Guard, Say, Tools
from central.auth.links import link_key, signed_path
from central.auth.rights import Principal, Scope, UserRole, case_role, may
from central.auth.secrets import check_password_rules
from central.auth.sessions import (
    LoginRefused,
    NewSession,
    end_session_of,
    forget_cookie,
    login,
    open_sessions,
    set_cookie,
    sign_out,
    start_session,
)
from central.auth.tokens import create_token, list_tokens, revoke_token

__all__ = [
    "Guard",
    "LoginRefused",
    "NewSession",
    "Principal",
    "Say",
    "Scope",
    "SetupRefused",
    "Tools",
    "UserRole",
    "add_user",
    "case_role",
    "check_password_rules",
    "complete_setup",
    "create_token",
    "end_session_of",
    "ensure_demo_user",
    "forget_cookie",
    "link_key",
    "list_tokens",
    "list_users",
    "login",
    "may",
    "open_sessions",
    "open_setup_link",
    "revoke_token",
    "set_cookie",
    "set_disabled",
    "set_password",
    "setup_is_open",
    "sign_out",
    "sign_out_everywhere",
    "signed_path",
    "start_session",
]
