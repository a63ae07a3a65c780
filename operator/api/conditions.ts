// Conditions of a BrokerCluster and their reasons: words that people search for and scripts match on.
// Ready, Reconciling and Stalled follow the kstatus convention: kubectl wait, Flux and Argo understand them unchanged.

export const conditionReasons = {
  /** Redundancy complete, generation settled. */
  Ready: [
    'AllMembersReady',
    'GroupWithoutActive',
    'StandbyMissing',
    'StandbyNotInSync',
    'RolloutInProgress',
    'SpecInvalid',
    'StorageNotReady',
    'MembersUnreachable',
    'MultipleActives',
    'EdgeDown',
    'DrainInProgress',
    'DrainBlocked',
    'DrainTimedOut',
  ],
  /** Every group serves. */
  Available: ['AllGroupsActive', 'GroupWithoutActive', 'MultipleActives', 'NeverStarted'],
  /** Present only while true. */
  Reconciling: [
    'Progressing',
    'RolloutInProgress',
    'ScalingUp',
    'ScalingDown',
    'ResizeInProgress',
    'WaitingForDependency',
  ],
  /** Present only while true: it will not get better by waiting. */
  Stalled: [
    'ProgressDeadlineExceeded',
    'SpecInvalid',
    'ImagePullFailed',
    'Unschedulable',
    'QuotaExceeded',
    'Forbidden',
    'RolloutBlocked',
    'DrainBlocked',
    'DrainTimedOut',
  ],
  /** Present only while true: serving, with less than what was asked for. */
  Degraded: ['StandbyMissing', 'MultipleActives', 'EdgeDown'],
  SpecValid: ['Valid', 'SpecInvalid', 'UnsupportedChange'],
  StorageReady: [
    'Bound',
    'NotApplicable',
    'VolumePending',
    'ClaimMissing',
    'ResizeInProgress',
    'ResizeUnsupported',
    'ShrinkRefused',
    'ForeignStore',
    'DatabaseReachable',
    'DatabaseUnreachable',
    'ZooKeeperUnreachable',
    'ApiServerUnreachable',
    'QuorumLost',
    'UnknownSecret',
    'InvalidSecret',
  ],
  NetworkConnected: ['AllEdgesConnected', 'NotApplicable', 'EdgeDown'],
  UpToDate: [
    'AllMembersCurrent',
    'RollingStandbys',
    'HandingOver',
    'AwaitingDelete',
    'RolloutBlocked',
    'UpdateHeldByPolicy',
  ],
  /** Present only while true: the operator has another default image than the cluster, which names none and keeps its own. */
  UpdateAvailable: ['OtherDefaultImage'],
  /** Present only while true: a group that is no longer wanted forwards its messages before it goes. */
  Draining: ['DrainInProgress', 'DrainBlocked', 'DrainTimedOut'],
  /** Present only while true. */
  Paused: ['PausedBySpec'],
} as const satisfies Record<string, readonly string[]>

export type ConditionType = keyof typeof conditionReasons
export type ConditionReason<T extends ConditionType = ConditionType> = (typeof conditionReasons)[T][number]
export type ConditionStatus = 'True' | 'False' | 'Unknown'

/** metav1.Condition. */
export interface Condition {
  type: ConditionType
  status: ConditionStatus
  reason: ConditionReason
  message: string
  observedGeneration: number
  lastTransitionTime: string
}
