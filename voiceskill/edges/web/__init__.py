"""The bedside screen: pages that the device serves to a browser beside the bed, or to a telephone in the same house."""
