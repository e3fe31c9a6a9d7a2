"""Actions, frames and the backends that send input to a device. The lowest room: it imports none of the others."""
