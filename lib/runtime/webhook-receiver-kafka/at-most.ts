/** A bound on the deliveries in work: while brokers do not confirm, bodies would fill the memory of a pod. */
import type { RequestListener } from 'node:http';
import { READY_PATH } from '../webhook-receiver/contract';
import { retryLater } from '../webhook-receiver/receiver';
import type { ReceiverMetrics } from './metrics';

const RETRY_SECONDS = 1;

/** Answers 503 to what is above `most`; probes are answered always. */
export function atMost(most: number, listener: RequestListener, metrics: ReceiverMetrics): RequestListener {
  return (request, response) => {
    if (request.method === 'GET' && request.url === READY_PATH) {
      listener(request, response);
      return;
    }
    if (metrics.inFlight >= most) {
      retryLater(response, RETRY_SECONDS);
      metrics.answered({ status: response.statusCode });
      return;
    }
    metrics.inFlight += 1;
    // Also where the sender hangs up.
    response.once('close', () => {
      metrics.inFlight -= 1;
    });
    listener(request, response);
  };
}
