//! Workers killed, terminated and frozen.
