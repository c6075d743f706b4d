"""The doctor behind `segladder data check`: a whole data set is read and every fault is named, none of them raised."""
