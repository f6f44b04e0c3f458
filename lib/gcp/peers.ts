/** Loaded first: without its peers the namespace does not begin. */
import { needPeers } from '../peers';

needPeers('gcp');
