# shellcheck shell=sh
# Starts a process of docker-compose.yml with what only its neighbours can tell: the store's password, the stack's own
# API key, and whether the local model is there. Needs no root, and leaves the process in its own place.
set -eu

TAILRACE_REDIS_URL="redis://:$(cat /run/tailrace/password)@redis:6379/0"
export TAILRACE_REDIS_URL

case "$*" in *tailrace.api*)
  # A key of the stack's own, unless yours are set, or TAILRACE_ALLOW_OPEN says that nobody needs one.
  if [ -z "${TAILRACE_API_KEYS-}${TAILRACE_API_KEYS_FILE-}" ] && [ "${TAILRACE_ALLOW_OPEN:-0}" = 0 ]; then
    TAILRACE_API_KEYS="default:$(tr -d '\n' </run/tailrace/key | sha256sum | cut -c 1-64)"
    export TAILRACE_API_KEYS
  fi
  if [ -z "${TAILRACE_SECRET-}${TAILRACE_SECRET_FILE-}" ]; then
    TAILRACE_SECRET=$(cat /run/tailrace/secret)
    export TAILRACE_SECRET
  fi
esac

# The profile `model`, unless another model is set up.
if [ -z "${OPENAI_API_KEY-}${OPENAI_API_KEY_FILE-}${OPENAI_BASE_URL-}" ] && getent hosts model >/dev/null; then
  export OPENAI_BASE_URL=http://model:8080/v1 MODEL=smollm2-135m-instruct
fi

exec "$@"
