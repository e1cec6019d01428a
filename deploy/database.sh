# shellcheck shell=bash
# The programs of PostgreSQL, which the stores' tests start for themselves.

have_database_programs() { have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

# Elsewhere the tests say themselves what they miss.
install_database() {
  [ "$(id -u)" = 0 ] && have apt-get || return 0
  progress "postgresql is installed for the tests"
  quietly apt-get update -q
  quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql
}
