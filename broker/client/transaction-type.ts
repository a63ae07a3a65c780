/** TransactionInfo.type (spec openwire.md section 6). */
export const transactionType = { begin: 0, commitOnePhase: 2, rollback: 4 } as const
