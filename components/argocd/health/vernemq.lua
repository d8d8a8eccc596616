-- Health of a VerneMQ resource. The operator of dojot 0.6 never writes its status, so a
-- resource without one must count as healthy, or every sync would wait for it for ever.
-- Where an operator does report its nodes, all of them must be there.
local size = obj.spec.size or 1
if obj.status == nil or obj.status.nodes == nil then
  return {status = "Healthy", message = "Accepted; the operator reports no nodes"}
end
local running = #obj.status.nodes
local message = running .. " of " .. size .. " nodes"
if running == size then
  return {status = "Healthy", message = message}
end
return {status = "Progressing", message = message}
