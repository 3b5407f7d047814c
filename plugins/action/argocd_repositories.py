# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.homeops.cluster.plugins.plugin_utils._piped import PipedAction


class ActionModule(PipedAction):
    """The module is given passwords and private keys."""
