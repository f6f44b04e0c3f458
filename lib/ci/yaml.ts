/** The parts of yaml that pipelines are written with; in the package this file has their code inside. */
export { Document, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
