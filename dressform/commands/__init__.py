"""One file a command group; thin: parse, call, print, exit."""
