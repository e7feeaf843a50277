# A last snapshot of a disk that Terraform is about to delete. It is kept in a resource group of its own, for the cluster's
# own group could not be deleted with it inside.
set -eu
[ -n "$OHPC_DISK" ] || exit 0
if ! command -v az >/dev/null 2>&1; then
  echo "The Azure CLI (az) is needed for a last snapshot of $OHPC_DISK_NAME. Install it and log in, or say that the data may go: disks: { ...: { whenRemoved: \"delete\" } }, apply, and destroy again." >&2
  exit 1
fi
subscription=$(echo "$OHPC_DISK" | cut -d/ -f3)
name=$OHPC_DISK_NAME-$(date -u +%Y%m%d%H%M%S)
az group create --subscription "$subscription" --name "$OHPC_SNAPSHOTS" --location "$OHPC_LOCATION" --output none
az snapshot create --subscription "$subscription" --resource-group "$OHPC_SNAPSHOTS" --location "$OHPC_LOCATION" \
  --name "$name" --source "$OHPC_DISK" --incremental true --network-access-policy DenyAll --output none
echo "The data of $OHPC_DISK_NAME are kept in the snapshot $name of the resource group $OHPC_SNAPSHOTS."
