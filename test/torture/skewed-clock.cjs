/** Loaded before a consumer: its clock is off by so many seconds, as a node's is whose time service has failed. */
const millis = 1000 * Number(process.env.CLOCK_OFF_SECONDS ?? 0);
const TrueDate = Date;

globalThis.trueNow = () => TrueDate.now();
if (millis !== 0) {
  globalThis.Date = class extends TrueDate {
    constructor(...given) {
      super(...(given.length === 0 ? [TrueDate.now() + millis] : given));
    }
    static now() {
      return TrueDate.now() + millis;
    }
  };
}
