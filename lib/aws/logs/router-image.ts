/** AWS for Fluent Bit with Fluent Bit 4.2.2, the first that joins lines to records. */
export const ROUTER_IMAGE = 'public.ecr.aws/aws-observability/aws-for-fluent-bit:3.2.2';
