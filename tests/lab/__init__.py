# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab: hosts in containers, a router and a mirror, so that the collection can be tried and tested for real."""
