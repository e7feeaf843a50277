Feature: A Slurm cluster on this machine
  What an operator and the users of a cluster do, on real machines: containers, systemd, SSH, Slurm.

  Scenario: Build a cluster
    Given a definition with 2 nodes in pool "cpu" and 1 node with 2 GPUs in pool "gpu"
    When the operator runs "ohpc up"
    Then 3 nodes answered
    And Slurm has the nodes "cpu-1 cpu-2 gpu-1", all idle
    And "ohpc status" finds nothing that needs attention
    And no compute node has a slurm.conf of its own
    And the munge key is in no file of the project
    And running "ohpc up" once more changes nothing

  Scenario: A user's way from an account to HPL
    Given a user "dora" with an SSH key was added to the definition
    When the operator runs "ohpc up"
    Then "dora" logs in to the master with her key
    And "dora" has the same uid and groups on every node
    And MPI hello by "dora" hears from every node
    And ranks of a job of "dora" wait for the one that is late
    And HPL by "dora" on 2 nodes has PASSED
    And HPL by "dora" with an impossible threshold has FAILED with exit code 6
    And Slurm's accounting has completed jobs of "dora"

  Scenario: GPUs are handed out by Slurm
    When the operator looks at the pool "gpu"
    Then node "gpu-1" registers 2 GPUs
    And a job with "--gres=gpu:1" sees 1 GPU
    And a job with "--gres=gpu:3" is refused

  Scenario: Grow a pool while a job runs
    Given a job of "alice" runs on "cpu-1"
    When the pool "cpu" grows to 3 nodes and the operator runs "ohpc up"
    Then the job of "alice" still runs
    And Slurm has the nodes "cpu-1 cpu-2 cpu-3 gpu-1", none of them down
    And only "cpu-3" was made

  Scenario: A node with a bad fan is set apart
    Given a job of "alice" runs on "cpu-1"
    When the operator runs "ohpc drain cpu-[1-2]" for a "bad fan", and waits for 1 second
    Then it ends with exit code 1, names the job, and both are drained for the "bad fan" by the operator
    And the job of "alice" still runs
    And "ohpc drain cpu-2" for "dust" keeps its "bad fan"
    And "ohpc drain cpu-[1-2]" ends when the job of "alice" has ended
    And "ohpc undrain cpu-[1-3]" gives "cpu-1 cpu-2" back, and once more nothing

  Scenario: A node dies
    When the container of "cpu-2" is killed
    Then "ohpc status" shows "cpu-2" unreachable
    And "ohpc status" ends with exit code 8, and says of "cpu-2" what needs attention
    And Slurm marks "cpu-2" down
    And "ohpc up" brings "cpu-2" back

  Scenario: Nodes are stopped for the night
    Given the node "gpu-1" was drained by hand because of a "bad fan"
    And a job of "alice" runs on "cpu-1"
    When the operator runs "ohpc stop" without agreeing
    Then it ends with exit code 3, names the job, and everything goes on
    And "ohpc stop --yes" stops "cpu-1 cpu-2 cpu-3 gpu-1", and the master goes on
    And "ohpc status" shows the machines stopped, "cpu-1 cpu-2 cpu-3" by "ohpc stop" and "gpu-1" for its "bad fan"
    And the job of "alice" is back in the queue
    And "ohpc stop" once more stops nothing, and Terraform has nothing to change
    And "ohpc undrain cpu-1" is refused, and "ohpc drain cpu-1" leaves it stopped
    And "ohpc resume cpu-1" brings "cpu-1" back, and no other
    And "ohpc resume" brings "cpu-2 cpu-3 gpu-1" back, and "gpu-1" stays drained for its "bad fan"
    And the job of "alice" runs again
    And "ohpc resume" once more starts nothing

  Scenario: The whole cluster is stopped over Christmas
    Given a job of "alice" waits in the queue
    When the operator runs "ohpc stop --all --yes"
    Then no machine runs, and Terraform has nothing to change
    And "ohpc status" says with exit code 5 that the cluster is stopped
    And "ohpc resume" brings "master cpu-1 cpu-2 cpu-3 gpu-1" back, and "gpu-1" stays drained for its "bad fan"
    And the job of "alice" still waits in the queue
    And Terraform has nothing to change
    And MPI hello by "alice" hears from "cpu-1 cpu-2 cpu-3"
    And the next day begins with a mended "gpu-1" and an empty queue

  Scenario: The master is removed by hand
    Given a job of "alice" waits in the queue
    When the container of "master" is removed
    Then "ohpc up" brings "master" back
    And the job of "alice" still waits in the queue
    And Slurm's accounting has completed jobs of "dora"

  Scenario: A newer image, with the operator's consent
    Given a batch job of "alice" runs on "cpu-2"
    When the definition names another image
    Then "ohpc up" refuses with exit code 3 and names the machines, the batch job and what waits in the queue
    And "ohpc up --yes" makes every machine anew
    And the batch job went back into the queue
    And the job of "alice" still waits in the queue
    And Slurm's accounting has completed jobs of "dora"

  Scenario: The pool goes that jobs go to by default
    Given a job of "alice" runs on "cpu-1"
    When the definition has no pool "cpu" any more
    Then "ohpc up --yes" refuses with exit code 2, and names "gpu" (gpu-1) instead of "cpu" (cpu-[1-3])
    And the job of "alice" still runs
    And "ohpc up --yes" goes on once the partition "gpu" says that it is the default one
    And jobs without a partition go to "gpu"

  Scenario: Destroy
    When the operator runs "ohpc destroy --yes"
    Then no container, network, volume, route or private file of the cluster is left
