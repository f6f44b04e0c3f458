/** Types of Google Cloud's resources, by whether they hold something that is lost with them. */

export const STATEFUL = /:(Topic|Subscription|Secret|SecretVersion|Database|Instance|Bucket|CryptoKey|Queue)$/;
// What CREMA is told is made anew from the plan.
export const STATELESS =
  /^backpressure:|^pulumi:|:(Service|ServiceIamMember|WorkerPool|Parameter|ParameterVersion|AlertPolicy|Metric|Account|Job)$|IA?[Mm]Member$/i;
