# shellcheck shell=sh
# Starts a process of docker-compose.yml with what only its neighbours know: the store's password, and
# whether the local model is running. It does not need root, and replaces itself with the process.
set -eu

TAILRACE_REDIS_URL="redis://:$(cat /run/tailrace/password)@redis:6379/0"
export TAILRACE_REDIS_URL

# Use the model of the profile `model`, unless another model is configured.
if [ -z "${OPENAI_API_KEY-}${OPENAI_BASE_URL-}" ] && getent hosts model >/dev/null; then
  export OPENAI_BASE_URL=http://model:8080/v1 MODEL=smollm2-135m-instruct
fi

exec "$@"
