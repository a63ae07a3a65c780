// Starts every controller of the stand-in.
import type { ControllerContext, Stoppable } from './controller.ts'
import { startDeploymentController } from './deployment.ts'
import { startEndpointsController } from './endpoints.ts'
import { startGarbageCollector } from './garbage-collector.ts'
import { startJobController } from './job.ts'
import { startNamespaceController } from './namespaces.ts'
import { startPodDisruptionBudgetController } from './pod-disruption-budget.ts'
import { startReplicaSetController } from './replica-set.ts'
import { startStatefulSetController } from './stateful-set.ts'
import { ensureDefaultStorageClass, startVolumeClaimController } from './volume-claims.ts'
import type { VolumeDirectories } from './volume-directories.ts'

export function startControllers(context: ControllerContext, directories: VolumeDirectories): Stoppable {
  ensureDefaultStorageClass(context.registry)
  const running = [
    startNamespaceController(context),
    startStatefulSetController(context),
    startDeploymentController(context),
    startReplicaSetController(context),
    startJobController(context),
    startVolumeClaimController(context, directories),
    startEndpointsController(context),
    startPodDisruptionBudgetController(context),
    startGarbageCollector(context),
  ]
  return {
    stop() {
      for (const controller of running) controller.stop()
    },
  }
}
