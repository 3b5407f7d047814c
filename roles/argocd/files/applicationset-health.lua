-- SPDX-FileCopyrightText: 2026 homeops.cluster contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Argo CD counts an ApplicationSet as healthy as soon as its Applications exist. Here it is when they are synced and
-- healthy, so that the ApplicationSets of later waves wait for them. What cannot be compared is Degraded rather than
-- Progressing: an operation that fails is tried again with the latest commit, and one that waits is not.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local failed = conditions.ErrorOccurred
if failed ~= nil and failed.status == "True" then
  return {status = "Degraded", message = failed.message}
end
local made = conditions.ResourcesUpToDate
if made ~= nil and made.status == "False" then
  return {status = "Degraded", message = made.message}
end
if made == nil or made.status ~= "True" then
  return {status = "Progressing", message = "Waiting for the ApplicationSet controller"}
end
local rollout = conditions.RolloutProgressing
if rollout ~= nil and rollout.status == "True" then
  return {status = "Progressing", message = rollout.message}
end
local waiting = nil
for _, resource in ipairs(status.resources or {}) do
  local sync = resource.status or ""
  local health = resource.health ~= nil and resource.health.status or ""
  if health == "Degraded" or sync == "Unknown" then
    return {status = "Degraded", message = "Application " .. resource.name .. " is " .. sync .. ", " .. health}
  end
  if waiting == nil and (health ~= "Healthy" or sync ~= "Synced") then
    waiting = "Waiting for Application " .. resource.name
  end
end
if waiting ~= nil then
  return {status = "Progressing", message = waiting}
end
return {status = "Healthy", message = ""}
