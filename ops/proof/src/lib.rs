//! What rendered manifests allow: who may reach whom, who may do what, which pods are admitted.
