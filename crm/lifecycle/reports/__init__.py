"""What the moves of many customers tell: conversion, flow, waiting, retention, churn."""
