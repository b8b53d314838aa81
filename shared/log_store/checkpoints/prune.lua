-- Keeps the newest checkpoint of every namespace, with what it is rebuilt from.
-- keys: CHECKPOINTS
-- uses: log_store/checkpoints/checkpoints
-- Returns {'ok'}.
for _, ns in ipairs(namespaces()) do
  trim(ns, 1, 0, 0)
end
save()
return { 'ok' }
