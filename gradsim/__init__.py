"""gradsim: see gradients flow, vanish, explode and get repaired, in the terminal."""
