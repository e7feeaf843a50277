# shellcheck shell=sh
# Open MPI looks for a free port from 1024 on, where users may bind none below 2050. This is for those that users bring
# along, in containers too; the machine's own has it in openmpi-mca-params.conf.
export OMPI_MCA_btl_tcp_port_min_v4=2050 OMPI_MCA_btl_tcp_port_min_v6=2050
