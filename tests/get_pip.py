# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instead of the get-pip.py that ansible-test would download: pip comes from ensurepip, then from the package index."""

import ensurepip
import os
import subprocess
import sys

environment = dict(os.environ)  # ensurepip switches pip's configuration off for this whole process
ensurepip.bootstrap()
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments], env=environment))
