# shellcheck shell=sh
# Starts a process of docker-compose.yml with what only its neighbours can tell: the store's password,
# and whether the local model is there. Needs no root, and leaves the process in its own place.
set -eu

TAILRACE_REDIS_URL="redis://:$(cat /run/tailrace/password)@redis:6379/0"
export TAILRACE_REDIS_URL

# The profile `model`, unless another model is set up.
if [ -z "${OPENAI_API_KEY-}${OPENAI_BASE_URL-}" ] && getent hosts model >/dev/null; then
  export OPENAI_BASE_URL=http://model:8080/v1 MODEL=smollm2-135m-instruct
fi

exec "$@"
