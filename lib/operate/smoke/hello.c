/* One line per rank: who it is, where it runs, and which MPI it speaks. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  int rank, size, length, sum = 0;
  char host[MPI_MAX_PROCESSOR_NAME], version[MPI_MAX_LIBRARY_VERSION_STRING];
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Get_processor_name(host, &length);
  MPI_Get_library_version(version, &length);
  version[strcspn(version, ",\n")] = '\0';
  /* Every rank must hear from every other one: a line alone would not show that they talk. */
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  printf("hello rank=%d size=%d sum=%d host=%s mpi=%s\n", rank, size, sum, host, version);
  MPI_Finalize();
  return 0;
}
