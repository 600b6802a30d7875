"""SpineYOLO: finds every vertebra on a spine radiograph and says which one it is. Research use only."""

import os

# Ultralytics otherwise installs packages at run time, when it meets a file it cannot read.
os.environ.setdefault("YOLO_AUTOINSTALL", "false")
