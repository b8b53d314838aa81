-- Deletes what is due, as every script here does before its own work.
-- KEYS  as in the prelude
-- Returns {'ok'}.
return { 'ok' }
