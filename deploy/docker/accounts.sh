#!/bin/sh
# The four database accounts, with the rights of deploy/local/accounts.sql, from any container.
# The MySQL image runs this once, when its data folder is made.
set -eu
rights_of() {
    case $1 in
        owner) echo "ALL PRIVILEGES" ;;
        reader) echo "SELECT" ;;
        *) echo "SELECT, INSERT, UPDATE, DELETE" ;;
    esac
}
for account in owner writer editor reader; do
    password=$(cat "/run/secrets/$account")
    echo "CREATE USER '$account'@'%' IDENTIFIED BY '$password';"
    echo "GRANT $(rights_of "$account") ON \`stillstream%\`.* TO '$account'@'%';"
done | MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --user=root
