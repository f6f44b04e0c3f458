/** What users import as `backpressure-constructs/stream`: the handler of a function that reads a stream. */
export { type OnStreamRecord, type StreamOptions, type StreamRecord, streamConsumer } from './stream-consumer';
