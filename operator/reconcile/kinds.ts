// The fields that reconciling reads of Kubernetes' own kinds.
import type { KubeObject } from '../kube/port.ts'

export interface Pod extends KubeObject {
  spec?: { nodeName?: string; volumes?: { configMap?: { name?: string } }[] }
  status?: {
    phase?: string
    podIP?: string
    conditions?: { type: string; status: string; reason?: string; message?: string }[]
    containerStatuses?: ContainerStatus[]
  }
}

export interface ContainerStatus {
  name: string
  ready?: boolean
  restartCount?: number
  state?: { running?: object; waiting?: { reason?: string; message?: string }; terminated?: object }
}

export interface StatefulSet extends KubeObject {
  spec?: {
    replicas?: number
    template?: {
      metadata?: { annotations?: Record<string, string> }
      spec?: {
        volumes?: { configMap?: { name?: string } }[]
        containers?: { name: string; image?: string }[]
      }
    }
    volumeClaimTemplates?: { spec?: { resources?: { requests?: { storage?: string } } } }[]
  }
  status?: { observedGeneration?: number }
}

export interface Claim extends KubeObject {
  spec?: { accessModes?: string[]; storageClassName?: string; resources?: { requests?: { storage?: string } } }
  status?: { phase?: string; capacity?: { storage?: string } }
}
