// The operator on the stand-in's API server and controllers, without its kubelet: a PodPlayer takes that part.
import { operatorIntegration } from './operator.ts'
import { startStandIn } from './stand-in.ts'

operatorIntegration('the stand-in', startStandIn)
