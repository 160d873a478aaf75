#!/bin/sh
# The four database accounts, with the rights of deploy/local/accounts.sql, from any container.
# The MySQL image runs this once, when its data folder is made. What writer and editor may change is
# granted table by table, by the migrations (schemas/database/grants.py).
set -eu
rights_of() {
    case $1 in
        owner) echo "ALL PRIVILEGES" ;;
        *) echo "SELECT" ;;
    esac
}
option_of() {
    if [ "$1" = owner ]; then echo "WITH GRANT OPTION"; fi
}
for account in owner writer editor reader; do
    password=$(cat "/run/secrets/$account")
    echo "CREATE USER '$account'@'%' IDENTIFIED BY '$password';"
    echo "GRANT $(rights_of "$account") ON \`stillstream%\`.* TO '$account'@'%' $(option_of "$account");"
done | MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --user=root
