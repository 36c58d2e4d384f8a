#!/bin/sh
# Brings the tables of Temporal's two databases to the version of this image. Safe to repeat: what is up to date stays as it is.
# The database, user and password come from SQL_*, which temporal-sql-tool reads itself.
set -eu

for database in temporal temporal_visibility; do
  case "$database" in
    temporal) tables=temporal ;;
    temporal_visibility) tables=visibility ;;
  esac
  temporal-sql-tool --database "$database" setup-schema --version 0.0
  temporal-sql-tool --database "$database" update-schema \
    --schema-dir "/etc/temporal/schema/postgresql/v12/$tables/versioned"
done
