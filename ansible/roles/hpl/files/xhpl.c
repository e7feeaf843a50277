/* The main program that HPCC took out of HPL, and what HPCC's changes to HPL expect from HPCC. */
#include <mpi.h>
#include <stdlib.h>
#include "hpl.h"

int HPL_main(int argc, char **argv, HPL_RuntimeData *data, int *failure);

void *HPCC_malloc(size_t size) { return malloc(size); }
void HPCC_free(void *memory) { free(memory); }

/* HPCC goes on with built-in values when HPL.dat is wrong; HPL has already said what is wrong, and stops. */
int HPCC_Defaults(HPL_T_test *test) {
  (void)test;
  MPI_Abort(MPI_COMM_WORLD, 1);
  return 1;
}

int main(int argc, char **argv) {
  HPL_RuntimeData data = {0};
  int failure = 0;
  MPI_Init(&argc, &argv);
  HPL_main(argc, argv, &data, &failure);
  MPI_Finalize();
  return 0;
}
