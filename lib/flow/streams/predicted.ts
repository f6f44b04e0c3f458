/** Predictions in words. */
import { figure } from '../figures';

/** At what multiples of load and work the promise breaks. */
export function breaking(breaks: { readonly breaksAtLoad: number; readonly breaksAtRecordTime: number }): string {
  const times = (multiple: number) => (Number.isFinite(multiple) ? `${figure(multiple)} ×` : 'no multiple of');
  return `${times(breaks.breaksAtLoad)} the load, ${times(breaks.breaksAtRecordTime)} the work of a record`;
}
