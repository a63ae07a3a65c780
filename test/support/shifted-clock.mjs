// Preloaded into a process of a test (`--import`): its clock of the day is off by FLOTILLA_TEST_CLOCK_OFF_MS; what measures how
// long something takes is not.
const offMs = Number(process.env.FLOTILLA_TEST_CLOCK_OFF_MS ?? 0)
const TrueDate = Date
const trueNow = Date.now

globalThis.Date = class extends TrueDate {
  constructor(...given) {
    super(...(given.length === 0 ? [trueNow() + offMs] : given))
  }

  static now() {
    return trueNow() + offMs
  }
}
