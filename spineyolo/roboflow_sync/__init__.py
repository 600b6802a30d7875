"""Data sets to Roboflow and back, over its SDK: `push` sends films, `generate` makes a version, `pull` fetches one."""
