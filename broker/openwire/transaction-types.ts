/** TransactionInfo.type, with the numbers of ActiveMQ's class TransactionInfo. */
export const transactionTypes = {
  begin: 0,
  prepare: 1,
  commitOnePhase: 2,
  commitTwoPhase: 3,
  rollback: 4,
  recover: 5,
  forget: 6,
  end: 7,
} as const
