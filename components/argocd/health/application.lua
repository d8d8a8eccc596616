-- An Application is as healthy as it says: a parent's sync waves wait for it.
local health = obj.status and obj.status.health
if health == nil or health.status == nil then
  return {status = "Progressing", message = "Not judged yet"}
end
return {status = health.status, message = health.message or ""}
