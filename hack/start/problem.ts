// A reason to stop that is the user's to mend: shown as one sentence, without a stack.
export class StartProblem extends Error {
  override readonly name = 'StartProblem'
}
