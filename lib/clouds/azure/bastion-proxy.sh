# Carries one SSH connection through an Azure Bastion: the Azure CLI opens a port on this machine, and what comes here goes there.
# Arguments: bastion, resource group, id of the virtual machine, port of its SSH.
set -eu
port=$((20000 + $$ % 20000))
az network bastion tunnel --name "$1" --resource-group "$2" --target-resource-id "$3" --resource-port "$4" --port "$port" >/dev/null 2>&1 </dev/null &
tunnel=$!
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
trap 'exit 1' HUP INT TERM
tries=0
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  tries=$((tries + 1))
  if ! kill -0 "$tunnel" 2>/dev/null || [ "$tries" -gt 300 ]; then
    echo "az network bastion tunnel to $1 did not open: is the Azure CLI installed and logged in?" >&2
    exit 1
  fi
  sleep 0.1
done
exec 3<>"/dev/tcp/127.0.0.1/$port" 4<&0
cat <&4 >&3 &
cat <&3 &
# Waiting lets signals through; ssh ends the connection with one.
wait $!
