-- SPDX-FileCopyrightText: 2026 homeops.cluster contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Argo CD counts an Application that it finds among its resources as healthy at once, so that nothing waits for it.
local health = {status = "Progressing", message = "Waiting for the application controller"}
if obj.status ~= nil and obj.status.health ~= nil and obj.status.health.status ~= nil then
  health.status = obj.status.health.status
  health.message = obj.status.health.message or ""
end
local sync = obj.status ~= nil and obj.status.sync ~= nil and obj.status.sync.status or ""
if sync == "Unknown" then
  health.status = "Degraded"
  health.message = "Argo CD cannot compare it with Git"
  for _, condition in ipairs(obj.status.conditions or {}) do
    health.message = condition.message or health.message
  end
elseif health.status == "Healthy" and sync ~= "Synced" then
  health.status = "Progressing"
  health.message = "Waiting to be synced"
end
return health
