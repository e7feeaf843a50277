#!/bin/bash
#SBATCH --job-name=ohpc-hpl
#SBATCH --partition=cpu
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=48
#SBATCH --ntasks-per-core=1
#SBATCH --time=00:30:00
#SBATCH --output=output.txt
#SBATCH --open-mode=truncate
export OMP_NUM_THREADS=1
srun --mpi=pmix /opt/ohpc/pub/hpl/bin/xhpl
